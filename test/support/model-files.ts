/** A small space as people write it, for tests of configuration as code: each kind, and most of what each can say. */
export const MODEL_FILES = [
  {
    path: 'space/base.yaml',
    text: `# All that others build on.
kind: WorkerPool
name: linux
---
kind: TagSet
name: Region
tags: [Europe, { name: Asia, description: far }]
---
kind: Environment
name: Test
---
kind: Environment
name: Production
sortOrder: 10
guidedFailure: true
---
kind: Lifecycle
name: Standard
phases:
  - name: Test
    automatic: Test
  - name: Production
    environments: [Production]
    minimum: 1
---
kind: ProjectGroup
name: Shop
---
kind: VariableSet
name: Mail
variables:
  MAIL_HOST: mail.example.com
  MAIL_PORT: "25"
templates:
  - { name: MailUser, label: User, required: true }
  - { name: MailPassword, sensitive: true }
`,
  },
  {
    path: 'space/shop.yaml',
    text: `kind: Project
name: Web
group: Shop
lifecycle: Standard
variableSets: Mail
tenanted: either
variables:
  - { name: DB, value: test.example.com, scope: { environments: Test } }
  - { name: DB, value: prod.example.com, scope: { environments: [Production], steps: [Deploy] } }
  - { name: PASSWORD, sensitive: true, value: hunter2, scope: { environments: Production } }
  - { name: PASSWORD, sensitive: true, value: hunter3 }
  - { name: POOL, type: workerPool, value: linux }
  - { name: Who, value: "", prompt: { label: Who, required: true } }
templates:
  - { name: Domain, required: true }
channels:
  - { name: Stable, isDefault: true }
  - { name: Beta, tenantTags: [Region/Europe] }
steps:
  - name: Approve
    environments: Production
    manual: { instructions: "Is #{Octopus.Release.Number} good?", responsible: ops }
  - name: Deploy
    roles: [web, api]
    rollingWindow: 2
    retries: { times: 3, wait: 5s }
    timeout: 10m
    script:
      file: ./scripts/deploy.sh
      environment: { REGION: eu }
  - name: Cloud
    roles: cloud
    actions:
      - name: Provision
        script: { runsOn: workerForEachTarget, pool: { variable: POOL }, body: "terraform apply" }
      - name: Notify
        condition: always
        webhook: { url: "https://example.com/#{Octopus.Release.Number}", headers: { X-A: b } }
  - name: Check
    start: withPrevious
    condition: { variable: "#{Octopus.Deployment.Error}" }
    roles: web
    healthCheck:
  - name: Restart
    runRunbook: { runbook: Restart, variables: { A: b } }
triggers:
  - { name: Nightly, cron: "0 3 * * 1-5", timeZone: Europe/Berlin, deploy: { environment: Test } }
---
kind: Runbook
name: Restart
project: Web
environments: [Test, Production]
pinWorker: true
steps:
  - name: Restart
    script:
      body: |
        # Stop, then start.
        systemctl stop web
        systemctl start web
      leaseMode: exclusive
      pool: linux
      cleanUp: { body: echo done }
---
kind: Tenant
name: Acme
tags: Region/Europe
projects:
  - { project: Web, environments: [Test, Production] }
common:
  - { variableSet: Mail, name: MailUser, value: acme }
  - { variableSet: Mail, name: MailPassword, sensitive: true, value: hunter4 }
values:
  - { project: Web, environment: Test, name: Domain, value: acme.example.com }
---
kind: DeploymentTarget
name: eu-cloud
environments: [Test, Production]
roles: cloud
tenants: Acme
cloudRegion: { pool: linux }
`,
  },
  { path: 'space/scripts/deploy.sh', text: '#!/bin/bash\necho "to #{DB}"\n\nexit 0\n' },
];

/** Stands in the files as secrets, and nowhere else may it be seen. */
export const SECRET = /hunter\d/;
