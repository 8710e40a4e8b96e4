import { Readable } from 'node:stream';
import { z } from 'zod';

import type { ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { bytes, spaceParams } from '../schemas/common.ts';
import type { ApiServices } from '../services.ts';

const artifactParams = spaceParams.extend({ artifact: z.string().describe('Id of an artifact') });

export function artifactRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/artifacts/:artifact/content`,
    {
      schema: {
        tags: ['artifacts'],
        operationId: 'getArtifactContent',
        params: artifactParams,
        response: { 200: bytes },
      },
    },
    async ({ params }, reply) => {
      const { artifact, content } = await services.artifacts.open(params.space, params.artifact);
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-length', artifact.length)
        .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(artifact.name)}`)
        .header('x-content-type-options', 'nosniff')
        .send(Readable.from(content, { objectMode: false }));
    },
  );
}
