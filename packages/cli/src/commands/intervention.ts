import { notFound } from '@longshore/base';
import { Argument, type Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { ago, at, printDone, printList, printOne } from '../print.ts';
import type { Interruption, ListOf } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { addLimit } from './options.ts';

const ANSWERS = ['proceed', 'abort', 'fail', 'retry', 'ignore', 'exclude'] as const;
const MOST = 1000;

export function addTo(noun: Command): void {
  interventionList(noun);
  interventionShow(noun);
  interventionAnswer(noun);
  withExamples(
    noun,
    ['What waits for people?', 'longshore intervention list'],
    ['Let it go on', 'longshore intervention answer 01J8Z… proceed --notes "looks good"'],
    ['A step failed, and guided failure asks what to do', 'longshore intervention answer 01J8Z… retry'],
  );
}

function interventionList(noun: Command): void {
  addLimit(noun.command('list').alias('ls'))
    .description('list the questions that wait for an answer')
    .action(async ({ limit }: { limit: number }, command: Command) => {
      const cli = cliOf(command);
      await printList(cli, await open(cli, limit), {
        columns: {
          ID: ({ id }) => id,
          TITLE: ({ title }) => title,
          FOR: ({ responsible }) => responsible,
          ANSWERS: ({ options }) => options.join(', '),
          ASKED: ({ createdAt }) => ago(createdAt),
          TASK: ({ taskId }) => taskId,
        },
        empty: 'Nothing waits for an answer.',
      });
    });
}

function interventionShow(noun: Command): void {
  noun
    .command('show')
    .description('show one question that waits for an answer, with its instructions')
    .argument('<id>', 'of the question')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const { items } = await open(cli, MOST);
      const found = items.find((one) => one.id === id);
      if (found === undefined) throw notFound('open question', id);
      printOne(cli, found, {
        id: found.id,
        title: found.title,
        kind: found.kind === 'manual' ? 'a manual step' : 'what to do about a failure',
        for: found.responsible,
        answers: found.options.join(', '),
        task: found.taskId,
        asked: at(found.createdAt),
        instructions: found.instructions,
      });
    });
}

function interventionAnswer(noun: Command): void {
  noun
    .command('answer')
    .description('answer a question: the run that waits for it goes on')
    .argument('<id>', 'of the question')
    .addArgument(
      new Argument(
        '<answer>',
        'of a manual step proceed or abort; of a failure fail, retry, ignore, or exclude (leave its target out of the run)',
      ).choices(ANSWERS),
    )
    .option('--notes <text>', 'why; kept with the answer, and a variable of later steps')
    .action(async (id: string, answer: string, { notes = '' }: { notes?: string }, command: Command) => {
      const { answerQuestion } = await import('../follow/answer.ts');
      const cli = cliOf(command);
      const answered = await answerQuestion(cli, { interruption: id, answer, notes });
      printDone(
        cli,
        answered,
        `"${answered.title}" is answered with ${answer}; task ${answered.taskId} goes on.`,
      );
    });
}

async function open(cli: Cli, limit: number): Promise<ListOf<Interruption>> {
  const api = await cli.api();
  return body<ListOf<Interruption>>(
    api.GET('/api/v1/spaces/{space}/interruptions', { params: { path: cli.space, query: { limit } } }),
  );
}
