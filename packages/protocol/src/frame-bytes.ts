/** How much a frame carries: what is handed to grpc-js is bounded by it. */

interface AnyFrame {
  kind: { $case: string; value: unknown } | undefined;
}

/** Bytes of its bulk; of a frame without any 0. */
export function bulkBytes({ kind }: AnyFrame): number {
  switch (kind?.$case) {
    case 'output':
    case 'outputAgain':
      return (kind.value as { records: Uint8Array }).records.length;
    case 'artifactChunk':
    case 'packageChunk':
      return (kind.value as { content: Uint8Array }).content.length;
    case 'start':
      return startBytes(kind.value as StartBytes);
    default:
      return 0;
  }
}

interface StartBytes {
  spec?: { body: Uint8Array; files: { content: Uint8Array }[] };
}

function startBytes({ spec }: StartBytes): number {
  if (spec === undefined) return 0;
  return spec.files.reduce((sum, file) => sum + file.content.length, spec.body.length);
}
