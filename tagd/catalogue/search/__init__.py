"""What a person types, and the files that it finds.

query           a query as a value; parser, dates: how it is read
words           what names it means
algebra         the query made simpler, and put into an order that is quick
estimate        how many files each part of it finds
sql             its SQL
elsewhere       what would find a word that is no tag
search          all of it: from the query to files
review          what a person looks through, and how tags were judged
"""
