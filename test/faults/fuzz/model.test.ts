/** Configuration as code: YAML texts to drafts. Taken is what fits its kind; no refusal shows a secret. */
import { expect } from '@jest/globals';
import { isCode } from '@longshore/base';
import { readModel } from '@longshore/server/api/model/read-model';
import { DOCUMENTS, KIND_NAMES } from '@longshore/server/api/schemas/model/documents';
import { keysAt } from '@longshore/server/api/model/schema-problems';

import { MODEL_FILES } from '../../support/model-files.ts';
import { fuzzEach, texts } from './target.ts';

const yaml = MODEL_FILES.filter(({ path }) => path.endsWith('.yaml'));
const scripts = MODEL_FILES.filter(({ path }) => !path.endsWith('.yaml'));
const documents = yaml.flatMap(({ text }) => text.split('---\n'));
const keys = Object.values(DOCUMENTS).flatMap((schema) => [
  ...keysAt(schema, []),
  ...keysAt(schema, ['steps', 0]),
  ...keysAt(schema, ['variables', 0]),
]);

async function read(input: Buffer): Promise<string> {
  const text = input.toString();
  try {
    const drafts = await readModel([{ path: 'space/f.yaml', text }, ...scripts]);
    for (const draft of drafts) {
      const { name, kind } = draft;
      expect(name.trim()).not.toBe('');
      expect(draft.place(['process', 'steps', 0, 'actions', 0, 'does', 'pool']).line).toBeGreaterThan(0);
      expect(kind in KIND_NAMES).toBe(true);
    }
    return drafts.map(({ kind }) => kind).join(' ');
  } catch (thrown) {
    if (!isCode(thrown, 'invalid')) throw thrown;
    // Where no secret belongs it may be shown: a value of another field, or a key.
    if (/hunter/.test(JSON.stringify([thrown.message, thrown.fields, thrown.detail])))
      expect(text).not.toMatch(/value: ["'{[]*hunter\d["'}\]]*,? *\S*$/m);
    for (const line of thrown.message.split('\n'))
      expect(line).toMatch(/^(space\/f\.yaml:\d+:\d+: .|and \d+ more$)/);
    throw thrown;
  }
}

fuzzEach([
  {
    name: 'documents of configuration as code',
    corpus: texts(...documents, ...yaml.map(({ text }) => text)),
    words: [
      ...new Set(keys),
      ...Object.values(KIND_NAMES),
      ...[
        'kind: ',
        ': ',
        '\n',
        '- ',
        '---\n',
        '&a ',
        '*a',
        '!!str ',
        '|\n ',
        '"',
        '{',
        '}',
        '[',
        ']',
        '#{',
        '? ',
        'null',
      ],
      ...['__proto__', 'length', 'constructor', 'file: ../', '5m', '<<: *a'],
    ],
    read,
    cost: 5,
  },
]);
