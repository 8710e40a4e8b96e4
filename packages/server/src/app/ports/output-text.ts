/** Lines of an attempt's output, for reasons that people read. `api/output.ts` implements it: `app` knows no record format. */
export type OutputText = (
  attemptId: string,
  range: { stream: 'stdout' | 'stderr'; from: number; to: number; limitBytes: number },
) => Promise<string[]>;
