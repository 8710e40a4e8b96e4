/** What the REST API answers, under the names that the commands use. */
import type { components } from './generated/api.ts';

type Schemas = components['schemas'];

export type Outcome = Schemas['Outcome'];
export type Task = Schemas['Task'];
export type TaskDetail = Schemas['TaskDetail'];
export type CreateTask = Schemas['CreateTask'];
export type Attempt = Schemas['Attempt'];
export type Artifact = Schemas['Artifact'];
export type OutputVariable = Schemas['OutputVariable'];
export type TaskLogEntry = Schemas['TaskLogEntry'];
/** What the stream of a task says (`GET /tasks/:task/stream`). */
export type TaskEvent = Schemas['TaskStreamEvent'];
export type WorkerPool = Schemas['WorkerPool'];
export type Worker = Schemas['Worker'];
export type DeploymentTarget = Schemas['DeploymentTarget'];
export type WorkerHealth = Schemas['WorkerHealth'];
export type HealthRecord = Schemas['HealthRecord'];
export type Lease = Schemas['Lease'];
export type PastLease = Schemas['PastLease'];
export type LeaseRequest = Schemas['LeaseRequest'];
export type RegistrationToken = Schemas['RegistrationToken'];
export type AgentPackage = Schemas['AgentPackage'];
export type ApiKey = Schemas['ApiKey'];
export type TriggerStatus = Schemas['TriggerStatus'];
export type MachinePolicy = Schemas['MachinePolicy'];
export type ServerNode = Schemas['ServerNode'];
export type Applied = Schemas['Applied'];
export type Resource = Schemas['Resource'];
export type Run = Schemas['Run'];
export type Release = Schemas['Release'];
export type EnvironmentProgress = Schemas['EnvironmentProgress'];
export type RunTree = Schemas['RunTree'];
export type Activity = Schemas['Activity'];
export type Interruption = Schemas['Interruption'];
export type AuditEvent = Schemas['AuditEvent'];
export type VariableExplanation = Schemas['VariableExplanation'];
export type ExplainedValue = Schemas['ExplainedValue'];
export type ListedVariable = Schemas['ListedVariable'];
export type SeenValue = Schemas['SeenValue'];

export interface ListOf<T> {
  items: T[];
}
export type CreatedRegistrationToken = Schemas['CreatedRegistrationToken'];
export type CreatedApiKey = Schemas['CreatedApiKey'];
export type WhoAmI = Schemas['WhoAmI'];
