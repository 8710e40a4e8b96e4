/**
 * The OpenAPI 3.1 document, made from the very schemas that check the input.
 * It needs a library that nothing else does, so it is made in an application
 * of its own when somebody asks for it, and a server that nobody asks stays
 * small.
 */
import { systemClock, silentLogger } from '@longshore/base';

import { createApp, type ApiApp } from './app.ts';
import { Connections } from './connections.ts';
import { Held } from './held.ts';
import { BASE } from './paths.ts';
import { addRoutes } from './routes.ts';
import { errorBody } from './schemas/common.ts';
import type { ApiConfig, ApiServices } from './services.ts';

export async function describeApi(version: string): Promise<object> {
  const [{ default: swagger }, { jsonSchemaTransform, jsonSchemaTransformObject }] = await Promise.all([
    import('@fastify/swagger'),
    import('fastify-type-provider-zod'),
  ]);
  const connections = new Connections({ clock: systemClock, logger: silentLogger, refused: undefined });
  const app = createApp(connections);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Longshore', version, description: 'Times are milliseconds since the epoch.' },
      components: {
        securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, lsk_…' } },
      },
      security: [{ apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  addErrorAnswers(app);
  // Handlers take what they need of these when they run, and none runs here.
  const parts = { config: describing(version), held: new Held(connections) };
  addRoutes(app, { core: {} } as ApiServices, parts);
  await app.ready();
  try {
    return bytesAsBytes(withoutDoubles(app.swagger()));
  } finally {
    await app.close();
  }
}

/** Every route may answer with an error. */
function addErrorAnswers(app: ApiApp): void {
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith(BASE)) {
      route.schema = { ...route.schema, hide: true };
      return;
    }
    const response = (route.schema?.response ?? {}) as Record<string, unknown>;
    route.schema = { ...route.schema, response: { ...response, default: errorBody } };
  });
}

function describing(version: string): ApiConfig {
  return {
    host: '',
    port: 0,
    nodeId: '',
    version,
    openMetrics: false,
    metrics: async () => ({ contentType: '', body: '' }),
    ready: () => ({ ready: false, detail: {} }),
    clock: systemClock,
    logger: silentLogger,
  };
}

/** The library names each schema twice, as input and as output; ours are the same both ways. */
function withoutDoubles(document: object): object {
  const text = JSON.stringify(document).replace(/("#\/components\/schemas\/\w+?)Input"/g, '$1"');
  const single = JSON.parse(text) as { components?: { schemas?: Record<string, object> } };
  const schemas = Object.entries(single.components?.schemas ?? {});
  if (single.components !== undefined) {
    single.components.schemas = Object.fromEntries(schemas.filter(([name]) => !name.endsWith('Input')));
  }
  return single;
}

const BYTES = /^Bytes: (\S+)/;
const STREAM = /^(text\/event-stream) of/;

/** Answers that are not JSON say so in their description; the library knows JSON only. */
function bytesAsBytes(document: object): object {
  const { paths } = document as {
    paths?: Record<string, Record<string, { responses?: Record<string, Answer> }>>;
  };
  for (const operations of Object.values(paths ?? {})) {
    for (const { responses } of Object.values(operations)) {
      for (const answer of Object.values(responses ?? {})) retype(answer);
    }
  }
  return document;
}

interface Answer {
  description: string;
  content?: Record<string, object>;
}

function retype(answer: Answer): void {
  const json = answer.content?.['application/json'];
  const type = (BYTES.exec(answer.description) ?? STREAM.exec(answer.description))?.[1];
  if (json !== undefined && type !== undefined) answer.content = { [type]: json };
}
