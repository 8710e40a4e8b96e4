import { describe } from '@jest/globals';

import { serverKilled } from './server-killed.ts';

describe('the server on PostgreSQL is killed', () => serverKilled('postgres'));
