/** Raised whenever the importer writes other nodes: graphs imported under another number are made again. */
export const IMPORTER_VERSION = 2;
