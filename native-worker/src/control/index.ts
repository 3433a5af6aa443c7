/** The transports of the control contract: message port, loopback HTTP. */
export { ControlServer, type ControlServerOptions, type OwnRoute } from './control-server.ts';
export { engineTarget, isCommandName } from './engine-target.ts';
export { EventFeed } from './event-feed.ts';
export { failureOf } from './failure-of.ts';
export { CONTENT_SECURITY_POLICY, sendFailure, sendJson } from './http-answers.ts';
export { TOKEN_BYTES } from './http-guard.ts';
export { pageFile } from './page-files.ts';
export { PortTarget, serveTarget } from './port-target.ts';
