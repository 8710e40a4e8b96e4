declare const LONGSHORE_VERSION: string | undefined;

/** `0.1.0+1a2b3c4` in a bundle, where scripts/build.ts writes it in; `0.1.0-source` when the sources run directly. */
export const version: string = typeof LONGSHORE_VERSION === 'string' ? LONGSHORE_VERSION : '0.1.0-source';
