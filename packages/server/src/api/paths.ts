export const BASE = '/api/v1';
export const SPACE = `${BASE}/spaces/:space`;
