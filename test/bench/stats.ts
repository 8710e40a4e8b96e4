/** The q-quantile (0…1) of samples, by the nearest rank. NaN of none. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Runs `job` `count` times, `width` at once; returns the seconds that all of it took. */
export async function timeAll(count: number, width: number, job: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await job();
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return (performance.now() - begin) / 1000;
}

/** Milliseconds of each of `count` runs of `job`, one after another. */
export async function timeEach(count: number, job: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const begin = performance.now();
    await job();
    samples.push(performance.now() - begin);
  }
  return samples;
}
