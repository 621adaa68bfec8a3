# find_package(mfl): mfl::runtime, what generated code links against, mfl::mflc, the compiler, and mfl::compiler, the same as a library (mfl/mfl.h). Paths follow from this file's own place, so that the
# installed tree may be moved. mfl_generate(TARGET FILE.mfl [OPTION ...]) compiles a problem when it changes and adds it to a target.
get_filename_component(_mfl_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET mfl::runtime)
  add_library(mfl::runtime STATIC IMPORTED)
  set_target_properties(mfl::runtime PROPERTIES
    IMPORTED_LOCATION "${_mfl_prefix}/lib/libmfl_runtime.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_mfl_prefix}/include"
    INTERFACE_LINK_LIBRARIES "openblas;m")
  add_library(mfl::compiler SHARED IMPORTED)
  set_target_properties(mfl::compiler PROPERTIES
    IMPORTED_LOCATION "${_mfl_prefix}/lib/libmflc.so" IMPORTED_SONAME libmflc.so
    INTERFACE_INCLUDE_DIRECTORIES "${_mfl_prefix}/include")
  add_executable(mfl::mflc IMPORTED)
  set_target_properties(mfl::mflc PROPERTIES IMPORTED_LOCATION "${_mfl_prefix}/bin/mflc")
endif()

function(mfl_generate target file)
  get_filename_component(source "${file}" ABSOLUTE)
  get_filename_component(name "${file}" NAME_WE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/mfl")
  add_custom_command(OUTPUT "${folder}/${name}.c" "${folder}/${name}.h"
    COMMAND mfl::mflc build "${source}" -o "${folder}" ${ARGN}
    DEPENDS "${source}" WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" VERBATIM)
  target_sources(${target} PRIVATE "${folder}/${name}.c")
  target_include_directories(${target} PRIVATE "${folder}")
  target_link_libraries(${target} PRIVATE mfl::runtime)
endfunction()
