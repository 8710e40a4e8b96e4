/** Where runs go: environments, and the tenants for whom, by name and by tag. */
import { AppError, invalid } from '@longshore/base';

import type { Cli } from '../cli.ts';
import { body } from '../client.ts';
import type { ListOf, Resource } from '../shapes.ts';

export interface PlaceFlags {
  environment: string[];
  tenant?: string[];
  tenantTag?: string[];
}

export interface Place {
  environment: string;
  tenant?: string;
}

/**
 * Each environment, for each tenant that is named and each that has the tags
 * and is connected to the project there; for none where no flag names any.
 *
 * @param project name or id
 */
export async function placesOf(cli: Cli, project: string, flags: PlaceFlags): Promise<Place[]> {
  if (flags.tenantTag === undefined) return places(flags);
  const api = await cli.api();
  const path = { ...cli.space, kind: 'tenant' as const };
  const { items } = await body<ListOf<Resource>>(
    api.GET('/api/v1/spaces/{space}/resources/{kind}', { params: { path } }),
  );
  return places(flags, (environment, tags) => tenantsThere(items, { project, environment, tags }));
}

/** @param tagged tenants with these tags, by name and id, that the project is deployed for there */
export function places(
  { environment: environments, tenant = [], tenantTag = [] }: PlaceFlags,
  tagged: (environment: string, tags: readonly string[]) => { id: string; name: string }[] = () => [],
): Place[] {
  const named = distinct('--tenant', tenant);
  const tags = distinct('--tenant-tag', tenantTag);
  return distinct('--environment', environments).flatMap((environment) => {
    const isNamed = (of: string): boolean => named.some((name) => same(name, of));
    const more = tags.length === 0 ? [] : tagged(environment, tags);
    const all = [...named, ...more.filter(({ id, name }) => !isNamed(id) && !isNamed(name)).map(nameOf)];
    return all.length === 0 ? [{ environment }] : all.map((of) => ({ environment, tenant: of }));
  });
}

/**
 * Tags of one set are alternatives, those of several sets are all wanted: as wherever tags are named.
 *
 * @throws AppError `notFound` when no tenant has them, or none of those that have is connected to the project there
 */
export function tenantsThere(
  tenants: readonly Resource[],
  { project, environment, tags }: { project: string; environment: string; tags: readonly string[] },
): Resource[] {
  const tagged = tenants.filter((tenant) => hasTags(tenant, tags));
  const words = tags.map((tag) => `"${tag}"`).join(' and ');
  if (tagged.length === 0)
    throw new AppError(
      'notFound',
      `--tenant-tag: no tenant has ${words}; "longshore tenant list" shows tags`,
    );
  const there = tagged.filter((tenant) => isConnected(tenant, project, environment));
  if (there.length > 0) return there;
  const who = tagged.map(({ name }) => `"${name}"`).join(', ');
  throw new AppError(
    'notFound',
    `--tenant-tag: of the tenants with ${words} (${who}) none is connected to project "${project}" in "${environment}"`,
  );
}

function hasTags({ body: { tags } }: Resource, wanted: readonly string[]): boolean {
  const owned = Array.isArray(tags) ? tags.map((tag) => String(tag)) : [];
  return Object.values(Object.groupBy(wanted, setOf)).every((alternatives) =>
    alternatives?.some((tag) => owned.some((one) => same(one, tag))),
  );
}

function setOf(tag: string): string {
  const slash = tag.indexOf('/');
  if (slash <= 0 || slash === tag.length - 1)
    throw invalid('--tenant-tag', tag, 'a set and a tag of it, such as Region/Europe');
  return tag.slice(0, slash).toLowerCase();
}

/** References are ids in a resource's body; `names` has their names. */
function isConnected({ body: { projects }, names }: Resource, project: string, environment: string): boolean {
  const means = (id: unknown, of: string): boolean =>
    typeof id === 'string' && (id === of || same(names[id] ?? '', of));
  if (!Array.isArray(projects)) return false;
  return (projects as { project?: unknown; environments?: unknown }[]).some(
    (one) =>
      means(one.project, project) &&
      Array.isArray(one.environments) &&
      one.environments.some((id: unknown) => means(id, environment)),
  );
}

/** Twice the same would be started twice. */
function distinct(flag: string, names: readonly string[]): readonly string[] {
  names.forEach((name, i) => {
    if (name.trim() === '') throw invalid(flag, name, 'a name or an id');
    if (names.slice(0, i).some((before) => same(before, name))) throw invalid(flag, name, 'each name once');
  });
  return names;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function nameOf({ name }: { name: string }): string {
  return name;
}
