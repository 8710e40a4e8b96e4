/** docs/api.md: what a caller has to know, and a table of all calls from the OpenAPI document. */

interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
}

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
}

const HEAD = `# The REST API

Made by scripts/generate.ts. The OpenAPI document, made from the schemas that check every call, is at
\`/api/v1/openapi.json\`; the \`longshore\` command uses nothing else than this API.

- **Key**: \`Authorization: Bearer lsk_…\` (or \`X-Longshore-Api-Key\`) with every call. \`/livez\` and \`/readyz\` need none.
- **Space**: \`/api/v1/spaces/default/…\`; there is one space so far.
- **Names**: where a path or a body names a pool or a worker, its name and its id both serve.
- **Times** are milliseconds since the epoch, durations milliseconds. Lists are \`{ "items": [...] }\`.
- **Errors** are \`{ "error": { "code", "message", "fields": [{ "field", "value", "expected" }], "detail" } }\`:

| code | status |
| --- | --- |
| \`invalid\` | 400 |
| \`unauthenticated\` | 401 |
| \`forbidden\` | 403 |
| \`notFound\` | 404 |
| \`conflict\` (\`detail\` lists what is in the way) | 409 |
| \`gone\` | 410 |
| \`tooLarge\` | 413 |
| \`tooMany\` | 429 |
| \`unavailable\`, \`timedOut\` | 503, 504 |

An answer to a change is sent when the change is durable.

## A task, live

\`GET /tasks/{task}/stream\` is a stream of server-sent events from the task's first to its last. Every event has an
\`id\`, from which a follower goes on after a cut: \`Last-Event-ID\`, or \`?cursor=\`. Nothing is missed or repeated.

| event | data |
| --- | --- |
| \`task\` | the task: state, why it waits, its place in the queue |
| \`log\` | \`{ entries }\`: lines of the server's own, numbered |
| \`attempt\` | id, action, worker, state, outcome |
| \`output\` | \`{ attemptId, from, next, records: [{ stream, time, base64 }] }\`: the script's bytes, in the order of reading |
| \`event\` | what the script said: variables (sensitive values masked), artifacts, progress, messages |
| \`end\` | \`{ task, attempts }\`; then the server closes |

\`\`\`sh
curl -sN -H "Authorization: Bearer $LONGSHORE_API_KEY" $LONGSHORE_SERVER/api/v1/spaces/default/tasks/01J8Z…/stream
\`\`\`

## A script on a pool

\`\`\`sh
curl -s $LONGSHORE_SERVER/api/v1/spaces/default/tasks -H "Authorization: Bearer $LONGSHORE_API_KEY" \\
  -H 'content-type: application/json' -d '{ "pool": "linux", "script": { "body": "echo hi" } }'
\`\`\`

## All calls

| call | what it does |
| --- | --- |
`;

export function apiPage(document: ApiDocument): string {
  const rows = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary, description }]) => {
      const about = (summary ?? description ?? standardWords(method, path))
        .replaceAll('|', '\\|')
        .replaceAll('\n', ' ');
      return `| \`${method.toUpperCase()} ${path.replace('/api/v1/spaces/{space}', '…')}\` | ${about} |`;
    }),
  );
  return `${HEAD}${rows.join('\n')}\n\n\`…\` is \`/api/v1/spaces/{space}\`.\n`;
}

/** For calls that do what their method and path say. */
function standardWords(method: string, path: string): string {
  if (method === 'get') return path.endsWith('}') ? 'Show' : path.endsWith('s') ? 'List' : 'Show';
  const words: Record<string, string> = {
    post: path.endsWith('s') ? 'Make' : 'Do it',
    patch: 'Change',
    delete: 'Delete',
  };
  return words[method] ?? '';
}
