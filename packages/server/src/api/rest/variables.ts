import type { AskedPlace } from '../../app/variables/variable-place.ts';
import type { ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf } from '../schemas/common.ts';
import {
  explainQuery,
  listedVariable,
  projectParams,
  variableExplanation,
  variableParams,
  variablesQuery,
  type PlaceQuery,
} from '../schemas/variables.ts';
import type { ApiServices } from '../services.ts';
import { explanationView, listedView } from '../variable-views.ts';

const tags = ['variables'];
const VARIABLES = `${SPACE}/projects/:project/variables`;

export function variableRoutes(app: ApiApp, { variables }: ApiServices): void {
  app.get(
    VARIABLES,
    {
      schema: {
        tags,
        operationId: 'listVariables',
        summary: 'What the variables of a project are in a place',
        params: projectParams,
        querystring: variablesQuery,
        response: { 200: listOf(listedVariable) },
      },
    },
    async ({ params, query }) => ({
      items: (await variables.list(params.space, placeOf(params.project, query))).map(listedView),
    }),
  );
  app.get(
    `${VARIABLES}/:name/explain`,
    {
      schema: {
        tags,
        operationId: 'explainVariable',
        summary: 'Which of its values a variable has in a place, and why',
        params: variableParams,
        querystring: explainQuery,
        response: { 200: variableExplanation },
      },
    },
    async ({ params, query }) =>
      explanationView(await variables.explain(params.space, params.name, placeOf(params.project, query))),
  );
}

function placeOf(project: string, { role, ...query }: PlaceQuery): AskedPlace {
  return { project, roles: role, ...query };
}
