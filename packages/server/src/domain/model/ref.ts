/** How things of the model are named: by id, by place, by name. */

/** The id of another resource, or of a worker pool or a worker. */
export type Ref = string;

/** Where something stands in a body: `['process', 'steps', 0, 'name']`. */
export type Path = readonly (string | number)[];

/** Names are the same whatever their case. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}
