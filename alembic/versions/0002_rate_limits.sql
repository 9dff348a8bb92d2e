create unlogged table rate_limits (
    bucket bigint primary key,
    ends_at timestamptz not null,
    calls integer not null
);
create index rate_limits_ends_at on rate_limits (ends_at);
