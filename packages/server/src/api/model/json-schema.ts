/** The JSON Schema of configuration as code, for editors: made from the very schemas that check it. */
import { z } from 'zod';

import { MODEL_KINDS } from '../../domain/model/resource.ts';
import { DOCUMENTS, KIND_NAMES } from '../schemas/model/documents.ts';

export function modelJsonSchema(): object {
  const kinds = MODEL_KINDS.map((kind) => {
    const schema: { $schema?: unknown } = z.toJSONSchema(DOCUMENTS[kind], {
      io: 'input',
      target: 'draft-2020-12',
      unrepresentable: 'any',
      reused: 'inline',
    });
    // It stands once, above all.
    delete schema.$schema;
    return [KIND_NAMES[kind], schema] as const;
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Longshore: configuration as code',
    description: 'One document of a file that `longshore apply` takes.',
    type: 'object',
    required: ['kind', 'name'],
    properties: { kind: { enum: kinds.map(([name]) => name) } },
    // By its kind: an editor then tells what is wrong in this one, and not that none of ten fits.
    allOf: kinds.map(([name]) => ({
      if: { properties: { kind: { const: name } }, required: ['kind'] },
      then: { $ref: `#/$defs/${name}` },
    })),
    $defs: Object.fromEntries(kinds),
  };
}
