echo "taking #{Octopus.Machine.Name} out of the load balancer"
