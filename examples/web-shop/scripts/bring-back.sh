echo "#{Octopus.Machine.Name} serves again"
