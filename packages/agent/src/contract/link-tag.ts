/** In the environment of a link that the guard of an upgrade started: it is no orphan of a script. */
export const LINK_TAG = 'LONGSHORE_LINK_RESTARTED';
