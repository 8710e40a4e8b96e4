/** The agent's version: what tells one script host from the next. The build puts it in. */
declare const LONGSHORE_VERSION: string | undefined;

export const AGENT_VERSION = typeof LONGSHORE_VERSION === 'string' ? LONGSHORE_VERSION : '0.0.0-source';
