/**
 * The quickstart's second half: the example of examples/web-shop is applied,
 * and a release of it goes through all three environments. Its question to
 * people is answered here.
 */
export interface Cli {
  must(...args: string[]): Promise<string>;
  /** Shown at the terminal as it goes. @returns the exit code */
  show(...args: string[]): Promise<number>;
}

interface Parts {
  cli: Cli;
  say: (text: string) => void;
  until: (what: string, holds: () => Promise<boolean>) => Promise<void>;
  failed: (message: string) => Error;
}

const EXAMPLE = 'examples/web-shop';
const PROJECT = 'Web shop';

export async function deployWebShop({ cli, say, until, failed }: Parts): Promise<void> {
  const shown = async (...args: string[]): Promise<void> => {
    say(`longshore ${args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg)).join(' ')}`);
    const code = await cli.show(...args);
    if (code !== 0) throw failed(`"longshore ${args[0] ?? ''}" ended with ${code}, and 0 was expected.`);
  };
  await shown('apply', '-f', EXAMPLE);
  await shown('release', 'create', '--project', PROJECT, '--release-notes', 'From the quickstart');
  for (const environment of ['Development', 'Staging'])
    await shown('deploy', '--project', PROJECT, '--version', 'latest', '--environment', environment);
  say('to Production, where people are asked: it waits, and takes no worker meanwhile');
  const deploy = ['deploy', '--project', PROJECT, '--version', 'latest', '--environment', 'Production'];
  const task = (await cli.must(...deploy, '--no-wait')).trim();
  let question = '';
  await until('it asks', async () => {
    const { items } = JSON.parse(await cli.must('intervention', 'list', '--output', 'json')) as {
      items: { id: string; taskId: string }[];
    };
    question = items.find((one) => one.taskId === task)?.id ?? '';
    return question !== '';
  });
  await shown('intervention', 'show', question);
  await shown('intervention', 'answer', question, 'proceed', '--notes', 'said by the quickstart');
  await until('it has ended', async () => {
    const { task: now } = JSON.parse(await cli.must('task', 'show', task, '--output', 'json')) as {
      task: { state: string };
    };
    if (['failed', 'cancelled', 'timedOut'].includes(now.state))
      throw failed(`The deployment is ${now.state}.`);
    return now.state === 'success';
  });
  await shown('task', 'tree', task);
}
