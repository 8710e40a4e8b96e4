# A secret is there for the script, and never in the log.
password="$(get_variable DatabasePassword)"
echo "installing build #{Octopus.Action[Build].Output.BuildId} on #{Octopus.Machine.Name}, database password $password"
echo "#{Message}" > index.html
new_artifact index.html
