/** What tools see of the agent port without a certificate: health and schema, as the standards say. */
import { join } from 'node:path';

import {
  credentials,
  loadPackageDefinition,
  type GrpcObject,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { TrustStage } from './trust-stage.ts';

const MODULES = join(import.meta.dirname, '../../node_modules');
let stage: TrustStage;

beforeAll(async () => {
  stage = await TrustStage.start();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** The library's own client of a standard service: the far end is ours. */
async function client(
  folder: string,
  proto: string,
  service: string,
): Promise<InstanceType<ServiceClientConstructor>> {
  const loaded = loadPackageDefinition(
    await load(proto, { includeDirs: [join(MODULES, folder)], enums: String, defaults: true }),
  );
  const found = service.split('.').reduce<unknown>((at, name) => (at as GrpcObject)[name], loaded);
  // As grpcurl does: by host name, against the authority.
  const address = `localhost:${stage.gateway.port}`;
  return new (found as ServiceClientConstructor)(
    address,
    credentials.createSsl(Buffer.from(stage.authority.certificatePem)),
  );
}

test('health: the server, its services, none other; a watcher hears that it drains', async () => {
  const health = await client('grpc-health-check/proto', 'health/v1/health.proto', 'grpc.health.v1.Health');
  const check = (service: string): Promise<string> =>
    new Promise((resolve) => {
      (health.Check as (...args: unknown[]) => void)(
        { service },
        (error: { code: number } | null, answer: { status: string }) =>
          resolve(error === null ? answer.status : String(error.code)),
      );
    });
  expect(await check('')).toBe('SERVING');
  expect(await check('longshore.link.v1.AgentGateway')).toBe('SERVING');
  expect(await check('nobody')).toBe('5');
  const heard: string[] = [];
  const ended = new Promise<void>((resolve) => {
    const watch = (health.Watch as (request: unknown) => NodeJS.EventEmitter)({ service: '' });
    watch.on('data', ({ status }: { status: string }) => {
      heard.push(status);
      stage.gateway.drain();
    });
    watch.on('end', () => resolve());
    watch.on('error', () => resolve());
  });
  await ended;
  expect(heard).toEqual(['SERVING', 'NOT_SERVING']);
  health.close();
});

test('reflection: names our services and gives their files', async () => {
  const reflection = await client(
    '@grpc/reflection/build/proto',
    'grpc/reflection/v1/reflection.proto',
    'grpc.reflection.v1.ServerReflection',
  );
  const stream = (
    reflection.ServerReflectionInfo as () => NodeJS.EventEmitter & {
      write(message: unknown): void;
      end(): void;
    }
  )();
  const answers: Record<string, { service?: { name: string }[]; fileDescriptorProto?: Buffer[] }>[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    stream.on('data', (answer: (typeof answers)[number]) => {
      answers.push(answer);
      if (answers.length === 2) stream.end();
    });
    stream.on('end', resolve);
    stream.on('error', reject);
  });
  stream.write({ host: '', listServices: '*' });
  stream.write({ host: '', fileContainingSymbol: 'longshore.trust.v1.Enrolment' });
  await ended;
  const services = answers[0]?.listServicesResponse?.service?.map(({ name }) => name);
  expect(services).toEqual(
    expect.arrayContaining(['longshore.link.v1.AgentGateway', 'longshore.trust.v1.Enrolment']),
  );
  expect(answers[1]?.fileDescriptorResponse?.fileDescriptorProto?.[0]?.includes('RenewChallenge')).toBe(true);
  reflection.close();
});
