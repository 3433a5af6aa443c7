export { keepHeapsSmall } from './adapters/platform.ts';
export { SetupError } from './adapters/password-setup-file.ts';
export type { HttpRequest, HttpResponse } from './http.ts';
export type { Clock, Random } from './ports.ts';
export { checkServerOptions, createServer, type Server, type ServerOptions } from './server.ts';
export { NewerSchemaError } from './stores/sqlite/open-database.ts';
