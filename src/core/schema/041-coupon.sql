-- Coupons: what they take off, who has used them, for which periods.

CREATE TABLE coupon (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	percent INTEGER CHECK (percent BETWEEN 1 AND 100000000), -- millionths of a percent
	amount INTEGER CHECK (amount > 0),                       -- for a whole period
	currency TEXT CHECK ((currency IS NULL) = (amount IS NULL)),
	start TEXT,                              -- first and
	until TEXT,                              -- last day on which it can be used
	uses INTEGER CHECK (uses > 0),           -- by so many subscriptions; NULL: any number
	periods INTEGER CHECK (periods > 0),     -- of each; NULL: all
	created INTEGER NOT NULL,
	CHECK ((percent IS NULL) <> (amount IS NULL))
) STRICT;
-- The plans it holds for; none: all.
CREATE TABLE coupon_plan (
	coupon INTEGER NOT NULL REFERENCES coupon (id),
	plan INTEGER NOT NULL REFERENCES plan (id),
	PRIMARY KEY (coupon, plan)
) STRICT, WITHOUT ROWID;
CREATE INDEX coupon_plan_plan ON coupon_plan (plan);
-- Exactly once: the n-th use, and one coupon a subscription.
CREATE TABLE coupon_use (
	coupon INTEGER NOT NULL REFERENCES coupon (id),
	n INTEGER NOT NULL CHECK (n > 0),
	subscription INTEGER NOT NULL UNIQUE REFERENCES subscription (id),
	PRIMARY KEY (coupon, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER coupon_enough BEFORE INSERT ON coupon_use
	WHEN new.n > (SELECT uses FROM coupon WHERE id = new.coupon)
BEGIN SELECT raise(ABORT, 'the coupon is used up'); END;
-- Periods of a subscription in which it took something off, by their first day, and the line that
-- was the first to; a void takes them away.
CREATE TABLE coupon_period (
	subscription INTEGER NOT NULL REFERENCES subscription (id),
	start TEXT NOT NULL,
	line INTEGER NOT NULL REFERENCES invoice_line (id),
	PRIMARY KEY (subscription, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX coupon_period_line ON coupon_period (line);

CREATE VIEW v_coupon AS
	SELECT c.name AS coupon, c.percent, c.amount, c.currency,
		(SELECT group_concat(name, ' ') FROM (SELECT p.name FROM coupon_plan x
			JOIN plan p ON p.id = x.plan WHERE x.coupon = c.id ORDER BY p.name)) AS plans,
		c.start AS "from", c.until, c.uses,
		(SELECT count(*) FROM coupon_use u WHERE u.coupon = c.id) AS used, c.periods, c.created
	FROM coupon c;
