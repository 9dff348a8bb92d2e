-- What a server accepted when it had refused the other; forgotten after a month. Null: what everybody accepts.
alter table hosts add column signature_scheme text check (signature_scheme in ('cavage', 'rfc9421'));
alter table hosts add column signature_scheme_at timestamptz;
-- It signs with RFC 9421 itself, or says that it can.
alter table hosts add column takes_rfc9421_at timestamptz;

-- Of our own: shown from the beginning, signed with from then on.
alter table keys add column active_at timestamptz not null default now();
