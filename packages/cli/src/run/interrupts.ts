/** Ctrl-C (or TERM): the first asks for the task's end, the second leaves it to the server. */
export interface Interrupts extends Disposable {
  /** Aborted by the second one. */
  readonly leave: AbortSignal;
}

export function watchInterrupts(first: () => void): Interrupts {
  const leave = new AbortController();
  let asked = false;
  const interrupted = (): void => {
    if (asked) leave.abort(new Error('left'));
    else first();
    asked = true;
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  return {
    leave: leave.signal,
    [Symbol.dispose]: () => {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    },
  };
}
