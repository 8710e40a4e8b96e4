/**
 * The default machine policy's health script. It is plain POSIX shell, so that
 * it runs under bash and sh alike. Exit code 0: healthy; a line on standard
 * error: a warning; another exit code: unhealthy.
 */
export const DEFAULT_HEALTH_SCRIPT = `# Is the shell alive, can it start programs, is there room on the disk?
warn_below_mb=5120
fail_below_mb=512

directory=$(pwd) || { echo "the working directory is not there" >&2; exit 1; }
probe="$directory/.health-probe"
if ! echo ok > "$probe" || [ "$(cat "$probe")" != ok ]; then
  echo "can't write and read a file in $directory" >&2
  exit 1
fi
rm -f "$probe"

free_mb=$(df -Pk "$directory" | awk 'NR == 2 { print int($4 / 1024) }')
case "$free_mb" in
  ''|*[!0-9]*) echo "can't tell the free disk space of $directory" >&2; exit 0 ;;
esac
echo "free disk space: $free_mb MB in $directory"
if [ "$free_mb" -lt "$fail_below_mb" ]; then
  echo "only $free_mb MB of disk space left in $directory; at least $fail_below_mb MB are needed" >&2
  exit 1
fi
if [ "$free_mb" -lt "$warn_below_mb" ]; then
  echo "only $free_mb MB of disk space left in $directory; below $warn_below_mb MB" >&2
fi
echo "the shell answers: $(uname -s) $(uname -r)"
`;
