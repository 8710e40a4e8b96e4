# Runs on whichever worker is leased: its output comes as it is written.
echo "Hello from $(hostname), for the $(get_variable Name) time."
for n in 1 2 3; do
  echo "step $n of 3"
  sleep 0.3
done
echo "this line goes to standard error" >&2
set_variable Answer 42
