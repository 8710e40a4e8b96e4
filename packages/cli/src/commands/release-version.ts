import { AppError } from '@longshore/base';

import type { Cli } from '../cli.ts';
import { body } from '../client.ts';
import type { ListOf, Release } from '../shapes.ts';

/** `latest` is the newest release of the project; anything else is a version (or an id) as it stands. */
export async function releaseVersion(
  cli: Cli,
  { project, version }: { project: string; version: string },
): Promise<string> {
  if (version.toLowerCase() !== 'latest') return version;
  const api = await cli.api();
  const { items } = await body<ListOf<Release>>(
    api.GET('/api/v1/spaces/{space}/releases', {
      params: { path: cli.space, query: { project, limit: 1 } },
    }),
  );
  const [newest] = items;
  if (newest !== undefined) return newest.version;
  throw new AppError(
    'notFound',
    `--version latest: project "${project}" has no release yet; "longshore release create --project ${project}" makes one`,
  );
}
