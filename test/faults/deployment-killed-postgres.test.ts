import { deploymentKilled } from './deployment-killed.ts';

deploymentKilled('postgres');
