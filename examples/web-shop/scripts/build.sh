# What the steps after this one need to know is told by an output variable.
build_id="$(get_variable Octopus.Release.Number)-$$"
echo "building $build_id"
update_progress 50 "half of it"
sleep 0.3
set_variable BuildId "$build_id"
write_highlight "built $build_id"
