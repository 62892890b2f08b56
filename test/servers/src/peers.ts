/**
 * Where the servers of a group connect from, so that a proxy tells them from clients. Only Linux has all of
 * 127.0.0.0/8 without being told; elsewhere servers look like clients to a proxy.
 */
export const PEER_HOST = '127.0.0.2'

export const PEER_CONFIG = process.platform === 'linux' ? { 'bind-source-addr': PEER_HOST } : {}
