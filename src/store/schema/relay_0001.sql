-- The object that sends events to the objects of destinations, version 1.

-- Destinations that could not be told of events and read them from the log themselves once they are reached.
CREATE TABLE unreached (destination TEXT PRIMARY KEY) WITHOUT ROWID;
