import { z } from 'zod';

import type { ApiApp } from '../app.ts';
import type { Held } from '../held.ts';
import { SPACE } from '../paths.ts';
import { bytes, spaceParams } from '../schemas/common.ts';
import type { ApiServices } from '../services.ts';

const artifactParams = spaceParams.extend({ artifact: z.string().describe('Id of an artifact') });

export function artifactRoutes(app: ApiApp, services: ApiServices, held: Held): void {
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
    async (request, reply) => {
      const { params } = request;
      const { artifact, content } = await services.artifacts.open(params.space, params.artifact);
      const download = await held.download(request, reply, content);
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-length', artifact.length)
        .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(artifact.name)}`)
        .header('x-content-type-options', 'nosniff')
        .send(download);
    },
  );
}
