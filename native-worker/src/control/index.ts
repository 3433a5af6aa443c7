/** The transports of the control contract: message port, loopback HTTP. */
export { ControlServer, type ControlServerOptions, type OwnRoute } from './control-server.ts';
export { engineTarget } from './engine-target.ts';
export { failureOf } from './failure-of.ts';
export { sendFailure, sendJson } from './http-answers.ts';
export { TOKEN_BYTES } from './http-guard.ts';
export { PortTarget, serveTarget } from './port-target.ts';
