/** Prints the OpenAPI document: `scripts/generate` makes the CLI's typed client of it. */
import { describeApi } from './openapi.ts';

process.stdout.write(`${JSON.stringify(await describeApi('1'), null, 2)}\n`);
