-- Clocks that were never set (year 1, year 9999) give differences that fit no column. One such conversation must not stop the
-- rollup of its tenant.

SET LOCAL search_path = etl, public;

CREATE OR REPLACE FUNCTION nonneg_s(i interval) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT CASE WHEN i >= interval '0' AND i < interval '24855 days' THEN floor(EXTRACT(epoch FROM i))::integer END $$;
COMMENT ON FUNCTION nonneg_s(interval) IS 'Whole seconds of an interval, rounded down; NULL for a negative one and for one of 68 years or more, which no clock that was set can give.';
