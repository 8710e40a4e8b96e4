import { expect, test } from '@jest/globals';

import type { VariableTemplate } from '../model/variable.ts';
import { takeSnapshot } from './snapshot.ts';
import { asProblem, missingTenantValues } from './templates.ts';

const template = (name: string, change: Partial<VariableTemplate> = {}): VariableTemplate => ({
  ...{ name, label: '', description: '', type: 'text', default: '', required: true, control: 'text' },
  options: [],
  ...change,
});

const snapshot = takeSnapshot(
  {
    ...{ id: 'p', name: 'Shop' },
    body: {
      variables: [],
      templates: [template('Db'), template('Port', { default: '80' }), template('Note', { required: false })],
    },
  },
  [
    {
      id: 's',
      name: 'Contacts',
      body: { description: '', variables: [], templates: [template('Mail', { label: 'E-mail' })] },
    },
  ],
);
const environments = [
  { id: 'prod', name: 'Production' },
  { id: 'test', name: 'Test' },
];
const text = { type: 'text' as const };

test('what a tenant has not filled in, by environment, and once for all', () => {
  const values = [
    { project: 'p', environment: 'prod', name: 'db', value: 'sql', ...text },
    { project: 'p', environment: 'test', name: 'Db', value: '  ', ...text },
    { project: 'other', environment: 'test', name: 'Db', value: 'sql', ...text },
  ];
  const missing = missingTenantValues(snapshot, { id: 't', name: 'Acme', common: [], values }, environments);
  expect(missing.map(asProblem)).toEqual([
    {
      field: 'tenants.Acme.common.Contacts.Mail',
      expected: 'a value: library set Contacts asks tenant Acme for Mail (E-mail)',
    },
    {
      field: 'tenants.Acme.values.Shop.Test.Db',
      expected: 'a value: project Shop asks tenant Acme for Db in Test',
    },
  ]);
});

test('nothing is missing', () => {
  const common = [{ variableSet: 's', name: 'mail', value: 'a@b', ...text }];
  const values = [{ project: 'p', environment: 'prod', name: 'Db', value: 'sql', ...text }];
  const tenant = { id: 't', name: 'Acme', common, values };
  expect(missingTenantValues(snapshot, tenant, environments.slice(0, 1))).toEqual([]);
});
