// The import table of docs/architecture.md, as a rule. One sentence: domain
// imports nothing; app imports domain; adapters import app; main imports all;
// server and agent meet only in protocol.
const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const NODE_OR_LIBRARY =
  'node_modules|^(node:)?(fs|net|child_process|os|crypto|http|https|http2|tls|path|worker_threads)(/|$)';

// The folders of server/app from the ground up: each may import those of the rows below its own, and its own files.
const APP_LAYERS = [
  ['ports'],
  ['kernel'],
  ['output', 'steps', 'machines'],
  ['model'],
  ['planning', 'targets'],
  ['course', 'variables', 'triggers'],
  ['tasks'],
  ['agents'],
];
const appLayers = APP_LAYERS.flatMap((row, i) =>
  row.map((folder) => {
    const forbidden = APP_LAYERS.slice(i)
      .flat()
      .filter((other) => other !== folder);
    return forbid(
      `server-app-${folder}`,
      { path: `^packages/server/src/app/${folder}/`, pathNot: '\\.test\\.ts$' },
      { path: `^packages/server/src/app/(core|(${forbidden.join('|')})/)` },
    );
  }),
);

module.exports = {
  forbidden: [
    ...appLayers,
    forbid('no-cycles', {}, { circular: true }),
    forbid(
      'domain-is-pure',
      { path: '^packages/[^/]+/src/domain/', pathNot: '\\.test\\.ts$' },
      { pathNot: '^packages/[^/]+/src/domain/' },
    ),
    forbid('base-knows-nothing-of-us', { path: '^packages/base/' }, { path: '^packages/(?!base/)' }),
    forbid(
      'template-knows-nothing-of-us',
      { path: '^packages/template/' },
      { path: '^packages/(?!template/)' },
    ),
    forbid(
      'protocol-imports-base',
      { path: '^packages/protocol/' },
      { path: '^packages/(?!base/|protocol/)' },
    ),
    forbid(
      'server-app',
      { path: '^packages/server/src/app/', pathNot: '\\.test\\.ts$' },
      {
        path:
          '^packages/server/src/(store|logs|links|api|loops|main|config)|^packages/(agent|cli|protocol)/|' +
          NODE_OR_LIBRARY,
      },
    ),
    ...['store', 'logs', 'links', 'api'].map((part) =>
      forbid(
        `server-${part}`,
        { path: `^packages/server/src/${part}/`, pathNot: '\\.test\\.ts$' },
        {
          path: `^packages/server/src/(${['store', 'logs', 'links', 'api', 'loops'].filter((p) => p !== part).join('|')})/|^packages/(agent|cli)/`,
        },
      ),
    ),
    forbid(
      'store-and-logs-speak-no-protocol',
      { path: '^packages/server/src/store/' },
      { path: '^packages/protocol/' },
    ),
    forbid(
      'agent-engine',
      { path: '^packages/agent/src/engine/', pathNot: '\\.test\\.ts$' },
      { path: '^packages/agent/src/(links|host|runners)/|^packages/(server|cli)/' },
    ),
    forbid(
      'agent-host',
      { path: '^packages/agent/src/host/', pathNot: '\\.test\\.ts$' },
      {
        path: '^packages/agent/src/(links|engine)/|^packages/agent/src/runners/[^/]+/|^packages/(server|cli)/',
      },
    ),
    forbid(
      'agent-runners',
      { path: '^packages/agent/src/runners/', pathNot: '\\.test\\.ts$' },
      { path: '^packages/agent/src/(links|engine|host)/|^packages/(server|cli)/' },
    ),
    forbid(
      'agent-links',
      { path: '^packages/agent/src/links/', pathNot: '\\.test\\.ts$' },
      { path: '^packages/agent/src/(host|runners)/|^packages/(server|cli)/' },
    ),
    forbid(
      'host-stays-small',
      { path: '^packages/agent/src/(host|runners|host-main)', pathNot: '\\.test\\.ts$' },
      { path: '@grpc|winston|commander|@peculiar' },
    ),
    forbid('cli-is-a-client', { path: '^packages/cli/' }, { path: '^packages/(server|agent|protocol)/' }),
    forbid('nobody-imports-main', {}, { path: '^packages/[^/]+/src/(main|host-main)\\.ts$' }),
    forbid('packages-import-no-tests', { path: '^packages/', pathNot: '\\.test\\.ts$' }, { path: '^test/' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      conditionNames: ['longshore-source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
