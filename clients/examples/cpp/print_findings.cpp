// Prints findings as they come, one line of JSON each, and acknowledges them: started again, it
// goes on where it stopped.
//
//   print_findings tcp://127.0.0.1:5556 tcp://127.0.0.1:5557 CONSUMER [COUNT]
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "clients/cpp/spoor_client.h"

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: print_findings BUS REPLAY CONSUMER [COUNT]\n";
    return 2;
  }
  try {
    spoor::Client client({.bus = argv[1], .replay = argv[2], .consumer = argv[3]});
    unsigned long left = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 0;
    const bool for_ever = left == 0;
    while (for_ever || left > 0) {
      const auto finding = client.next(std::chrono::seconds(1));
      if (!finding) {
        continue;
      }
      std::cout << finding->payload << std::endl;
      client.acknowledge(*finding);
      left -= for_ever ? 0 : 1;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "print_findings: " << error.what() << "\n";
    return 1;
  }
}
