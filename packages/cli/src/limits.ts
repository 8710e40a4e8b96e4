/** Every time-out and size of this program, with its unit in its name. */
export const limits = {
  /** One REST call, from connecting to the whole answer. Streams and downloads have no such bound. */
  requestMs: 60_000,
  /** Waits before a broken stream is taken up again; doubled from the first to the longest, with jitter. */
  reconnectFirstMs: 100,
  reconnectLongestMs: 5_000,
  /** A stream that says nothing (not even a comment) for so long is dead: the server sends one each 15 s. */
  streamSilenceMs: 45_000,
  /** A live tree is drawn again so often: its clock and spinner go on, and what came is shown at once to the eye. */
  redrawMs: 120,
  /** `task wait` looks so often, where it is not told otherwise. */
  waitPollMs: 2_000,
  /** `--file` and `--script` and their like: bytes that fit in one request. */
  fileBytes: 16 * 1024 * 1024,
} as const;
