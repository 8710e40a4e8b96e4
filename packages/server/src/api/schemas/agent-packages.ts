import { z } from 'zod';

import { id, spaceParams, time } from './common.ts';

export const agentPackage = z
  .object({
    id,
    version: z.string(),
    os: z.string().describe('Of the machines that it is for: `linux`'),
    arch: z.string().describe('Of their processors: `x64`, `arm64`'),
    minNode: z.string().describe('The lowest Node that it runs on; it brings none along'),
    digest: z.string().describe('SHA-256, hex'),
    length: z.number().int().describe('Bytes'),
    createdAt: time,
    createdBy: z.string(),
  })
  .meta({ id: 'AgentPackage' });
export type AgentPackageView = z.infer<typeof agentPackage>;

export const agentPackageParams = spaceParams.extend({
  agentPackage: z.string().describe('Id of an agent package'),
});
