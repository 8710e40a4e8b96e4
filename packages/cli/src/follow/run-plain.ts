/**
 * A run as plain lines, one for each thing that happens: for pipes, files and
 * CI. All of it goes to one stream, so that its order is that of events; a
 * line says what it is about, `[step › action › target]`, and holds no control
 * code.
 */
import type { Activity, TaskEvent, TaskLogEntry } from '../shapes.ts';
import { harmless, oneLine } from './output-lines.ts';
import { pathOf, type RunState } from './run-state.ts';
import { MARKS, took } from './tree-lines.ts';
import { describeMarker } from './show.ts';

export interface PlainOptions {
  /** Before each line, where several runs are followed. */
  prefix: string;
  /** Also what the server says of little weight. */
  verbose: boolean;
  /** The output of scripts alone. */
  quiet: boolean;
}

export class RunPlain {
  readonly #state: RunState;
  readonly #options: PlainOptions;
  /** By what it is about: the last that was said, for state is told twice after a cut. */
  readonly #said = new Map<string, string>();

  constructor(state: RunState, options: PlainOptions) {
    this.#state = state;
    this.#options = options;
  }

  /** The lines for an event that `state` has taken already. */
  lines(event: TaskEvent): string[] {
    if (event.event === 'output') {
      const said = this.#state.lines(event, describeMarker);
      return said.map((line) => this.#line(this.#pathOfAttempt(event.data.attemptId), line));
    }
    if (event.event === 'end') return this.#ended();
    if (this.#options.quiet) return [];
    switch (event.event) {
      case 'task':
        return this.#news('task', taskLine(event.data.waitReason, event.data.place));
      case 'activity':
        return this.#activity(event.data);
      case 'interruption': {
        const { id, activity, instructions, endedAt } = event.data;
        if (instructions === '' || endedAt !== null || this.#said.has(id)) return [];
        this.#said.set(id, instructions);
        return instructions.split('\n').map((line) => this.#about(activity, harmless(line)));
      }
      case 'log':
        return event.data.entries.flatMap((entry) => this.#entry(entry));
      case 'event':
        return this.#scriptEvent(event.data);
      case 'plan':
      case 'attempt':
        return [];
    }
  }

  #activity(activity: Activity): string[] {
    const { key, state, tries, message, startedAt, endedAt } = activity;
    if (state === 'queued' || this.#saysItsAction(key, state)) return [];
    const mark = `${state} ${tries}`;
    if (this.#said.get(key) === mark) return [];
    this.#said.set(key, mark);
    const again = tries > 1 && endedAt === null ? `, try ${tries}` : '';
    const lasted =
      endedAt === null || startedAt === null || state === 'skipped'
        ? ''
        : ` after ${took(startedAt, endedAt, 0)}`;
    const why = message === '' || state === 'running' ? '' : `: ${oneLine(message)}`;
    return [this.#about(key, `${MARKS[state].word}${again}${lasted}${why}`)];
  }

  /** Of a single action that runs once, step and action are one to people: the action's lines tell of both. */
  #saysItsAction(key: string, state: Activity['state']): boolean {
    const step = key.includes('.') ? undefined : this.#state.plan?.steps[Number(key)];
    const [only, ...more] = step?.actions ?? [];
    if (step?.targets !== null || only?.name !== step.name || more.length > 0) return false;
    return state === 'running' || this.#state.activities.has(`${key}.0`);
  }

  #entry({ level, text, activity, attemptId }: TaskLogEntry): string[] {
    if (level === 'verbose' && !this.#options.verbose) return [];
    const about = activity !== '' || attemptId === '' ? this.#path(activity) : this.#pathOfAttempt(attemptId);
    const weight = level === 'warning' || level === 'error' ? `${level}: ` : '';
    return [this.#line(about, `${weight}${oneLine(text)}`)];
  }

  #scriptEvent(event: Extract<TaskEvent, { event: 'event' }>['data']): string[] {
    const about = this.#pathOfAttempt(event.attemptId);
    switch (event.kind) {
      case 'progress':
        return [this.#line(about, oneLine(`${event.percentage}% ${event.message}`))];
      case 'note':
        return [this.#line(about, oneLine(`${event.level}: ${event.text}`))];
      case 'newArtifact':
        return [this.#line(about, oneLine(`artifact: ${event.name}`))];
      case 'setVariable':
        return [
          this.#line(
            about,
            oneLine(`variable: ${event.name} = ${event.sensitive ? '********' : event.value}`),
          ),
        ];
      case 'resultMessage':
      case 'levelChanged':
        return [];
    }
  }

  #ended(): string[] {
    const { task } = this.#state;
    const last = this.#state
      .lastLines()
      .map(({ attemptId, line }) => this.#line(this.#pathOfAttempt(attemptId), line));
    if (this.#options.quiet) return last;
    const word = task.state === 'success' ? 'done' : task.state === 'timedOut' ? 'timed out' : task.state;
    const lasted =
      task.startedAt === null || task.endedAt === null
        ? ''
        : ` after ${took(task.startedAt, task.endedAt, 0)}`;
    const why = task.message === '' ? '' : `: ${oneLine(task.message)}`;
    return [...last, this.#line([], `${oneLine(task.name)} ${word}${lasted}${why}`)];
  }

  #news(about: string, line: string): string[] {
    if (this.#said.get(about) === line) return [];
    this.#said.set(about, line);
    return line === '' ? [] : [this.#line([], line)];
  }

  #about(key: string, text: string): string {
    return this.#line(this.#path(key), text);
  }

  #path(key: string): string[] {
    return pathOf(this.#state.plan, key).map(oneLine);
  }

  #pathOfAttempt(attemptId: string): string[] {
    const attempt = this.#state.attempts.get(attemptId);
    if (attempt === undefined) return [];
    const path = this.#path(attempt.key);
    return attempt.cleanUp ? [...path, 'clean-up'] : path;
  }

  #line(path: readonly string[], text: string): string {
    const { prefix } = this.#options;
    const about = prefix === '' ? path : [prefix, ...path];
    return about.length === 0 ? text : `[${about.join(' › ')}] ${text}`;
  }
}

function taskLine(waitReason: string, place: number | null): string {
  if (waitReason === '') return '';
  return oneLine(place === null ? `waiting: ${waitReason}` : `waiting (place ${place}): ${waitReason}`);
}
