"""What a person types, and the files that it finds.

query           a query as a value; parser: how it is read; typed: with what signs; terms, dates,
                spans: the values of its fields
words           what names it means
algebra         the query made simpler, and put into an order that is quick
estimate        how many files each part of it finds
sql             its SQL; paths, said: of paths, stars and places; fragments: parts of statements
elsewhere       what would find a word that is no tag
search          all of it: from the query to files
review          what a person looks through, and how tags were judged
"""
