/** Who asks, and in which space. */
export interface Caller {
  spaceId: string;
  /** An API key's name, or `server`. */
  actor: string;
}
