-- original_file: what was uploaded, while it is being converted. demuxer: what opens it.
alter table media_attachments
    add column original_file text,
    add column demuxer text,
    add column frame_rate text,                       -- "30/1"
    add column bitrate int,
    add column failure text;                          -- why it could not be converted, for its owner
-- Few wait at a time.
create index media_attachments_original on media_attachments (original_file) where original_file is not null;
