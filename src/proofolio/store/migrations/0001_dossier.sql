-- The dossier of one portfolio: what was read (documents), what can be searched (passages), what is
-- known (evidence, technologies, metrics, figures), and who wrote it (history).
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  info TEXT NOT NULL,      -- SourceInfo as JSON
  problems TEXT NOT NULL,  -- the ingest report's lines as JSON
  history TEXT             -- authors and counts as JSON, null without git
);

CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL REFERENCES sources(name),
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  language TEXT NOT NULL,
  rank TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  blob TEXT NOT NULL,
  flags TEXT NOT NULL,
  cells TEXT NOT NULL,
  text TEXT NOT NULL,
  UNIQUE (source, path)
);

CREATE TABLE passages (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  cell INTEGER,
  symbol TEXT NOT NULL,
  context TEXT NOT NULL
);
CREATE INDEX passages_document ON passages(document);
CREATE VIRTUAL TABLE passages_fts USING fts5(body, context, tokenize = 'porter unicode61');

CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  rule TEXT NOT NULL,
  topics TEXT NOT NULL,    -- space separated
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  cell INTEGER,
  say TEXT NOT NULL,
  slots TEXT NOT NULL,     -- captured values as JSON
  liveness TEXT NOT NULL,
  rank TEXT NOT NULL,
  strength INTEGER NOT NULL,
  matcher TEXT NOT NULL
);
CREATE INDEX evidence_document ON evidence(document);

CREATE TABLE technologies (
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  technology TEXT NOT NULL,
  liveness TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  cell INTEGER,
  how TEXT NOT NULL
);
CREATE INDEX technologies_document ON technologies(document);
CREATE INDEX technologies_name ON technologies(technology);

CREATE TABLE metrics (
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  split TEXT NOT NULL,
  line INTEGER NOT NULL,
  cell INTEGER,
  rank TEXT NOT NULL
);
CREATE INDEX metrics_document ON metrics(document);

CREATE TABLE figures (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
  cell INTEGER,
  caption TEXT NOT NULL,
  mime TEXT NOT NULL,
  line INTEGER NOT NULL,
  words TEXT NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX figures_document ON figures(document);

CREATE TABLE vectors (
  document INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
  encoder TEXT NOT NULL,
  passages BLOB NOT NULL,  -- int64 passage ids
  data BLOB NOT NULL       -- int8, one row a passage
);
